"""Our shipper and writer measured beside others, in interleaved rounds.

`data` makes the log, `sink` and `witness` receive it, `contenders` are who is measured,
`process` measures one of them, `rounds` and `reaction` are what is measured, `ratios`
is the arithmetic, and `tables` and `charts` show what came out.
"""
