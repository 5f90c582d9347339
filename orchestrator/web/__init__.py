"""The daemon's HTTP side: the webhook, health, metrics and the local control API. Imported by `serve` alone."""
