"""The WebUI's parts: one file per tab, and what they share."""
