"""Stand-ins for the cinema's other services: identity provider, notification service, inbox.

They import nothing of Movie Together, since its contracts must suffice, and nothing of the local stack.
"""
