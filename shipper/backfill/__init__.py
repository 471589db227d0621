"""History brought to ReadMe: logs that nobody writes to any more, sent once.

`inputs` finds the files, `survey` opens them and tells their formats, `needs` says
what they lack, and `ledger` how far each was sent. `reader` hands their lines to the
pipeline that every record goes through, `parts` builds that, and `job` runs it. `books`
and `outcome` say what became of each log. A `crew` has workers of an engine send it a
`piece` at a time; `plan` reads everything and sends nothing.
"""
