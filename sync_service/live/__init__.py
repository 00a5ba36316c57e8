"""Rooms as this node follows them: pending commands, commits, replicas, presence, timers and recovery.

It knows the store and the bytes that go out, and no socket's protocol beyond them.
"""
