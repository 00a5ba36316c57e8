"""The rules of a room, pure: ``decide`` turns a command into events, ``evolve`` applies an event to the state.

Standard library only; no clock, socket, randomness or store (`.importlinter` checks it). Time is an argument. The
theory stands in the head of ``decide``.
"""
