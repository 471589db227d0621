"""The air gap: records leave in a directory that somebody carries.

`export` writes a bundle on one host, `send` delivers it from another, and the receipt
says on the first one what became of it. `layout` is the bundle's shape on disk.
"""
