"""What both services must agree on, and nothing else: broker events, the join ticket, settings, start and stop.

It imports neither service.
"""
