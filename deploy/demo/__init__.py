"""The demo: invented films with media, and viewers."""
