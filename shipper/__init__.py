"""Ship logged HTTP exchanges to ReadMe: tail, filter, identify, redact, upload.

Read the rooms in this order and you have followed one line from disk to
receipt: errors, model, clock, events, follow, source, wake, parse, explain,
filters, lookup, identify, redact, payload, batch, receipt, answers, network,
upload, store, window, pipeline, config, notify, service, cli.
"""

from __future__ import annotations
