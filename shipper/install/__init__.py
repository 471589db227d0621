"""What has to stand in files of the system so that the shipper runs there by itself.

One room for each program that starts the shipper or moves its logs: they return text
with the real paths of this machine in it. Nothing here writes a file.
"""
