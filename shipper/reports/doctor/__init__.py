"""What stands in the way of shipping: one check after the other, each with its mend.

`check` has the codes and what a check says; `files`, `disk`, `state`, `way`, `key`
and `systemd` look; `firewall` writes what a network team is asked for.
"""
