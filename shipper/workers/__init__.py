"""Several processes for several cores: each ships some logs, one keeps the state.

`worker` is what a worker's process runs: an ordinary pipeline whose state is at the
other end of a `wire`. `crew` starts and replaces workers, `keeper` answers what they
ask on the one store, `shares` says whose log is whose, and `joined` makes one engine of
it all. What travels is in `messages`.
"""
