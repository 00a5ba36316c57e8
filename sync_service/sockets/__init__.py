"""A socket from its upgrade to its close: origins, the handshake, the dispatch of messages, close codes.

Only `app` imports it. It may import everything below, and sends nothing to Redis itself.
"""
