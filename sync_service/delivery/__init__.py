"""Bytes to many sockets: frames, the sockets of one room on this node, and the loop that writes to all of them.

It knows nothing of rooms, messages or Redis.
"""
