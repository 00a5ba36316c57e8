"""A room in Redis: keys, records, what a commit changes, and the Lua scripts that make each step atomic.

It keeps no state of its own and knows no node's rooms.
"""
