"""How fast may be sent, and when: the words of `[limits]`, and what they come to.

`words` and `timetable` read rates, sizes and times of the week, `quiet` the hours
in which nothing is sent; `pace` keeps to all of them.
"""
