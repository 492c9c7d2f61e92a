"""The demo: a small newspaper on an origin of its own that embeds the widget of a real, running service."""
