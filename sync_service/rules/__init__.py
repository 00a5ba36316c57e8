"""The rules of a room by subject, pure as room.py is: standard library only, time as an argument."""
