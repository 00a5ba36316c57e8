"""Broker events v1: names and payload schemas by what they are about, and their envelope.

They go through one topic exchange; an event's ``type`` is its routing key and its ``subject`` the room's id.
"""
