"""Bytes to many sockets: frames, the sockets of one room on this node, and the loop that writes to all of them.

Knows nothing of rooms, messages or Redis; may import `metrics` only.
"""
