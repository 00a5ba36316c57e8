"""The connection to Redis: one that pipelines by itself, who leads which slots, and the clock of each master.

It knows no room.
"""
