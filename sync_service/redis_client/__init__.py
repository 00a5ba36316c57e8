"""Redis, knowing no room: a connection that pipelines by itself, which master serves which slots, its clock.

May import `metrics` only.
"""
