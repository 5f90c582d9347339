"""The bundled voice: what it can say (`symbols`), its networks and the class that speaks (`voice`)."""
