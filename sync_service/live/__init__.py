"""Rooms as this node follows them: pending commands, commits, replicas, presence, timers and recovery.

May import `store`, `protocol`, `delivery`, `redis_client` and `room`; knows neither sockets' handshakes nor RabbitMQ.
"""
