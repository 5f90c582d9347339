"""Quality of speech in figures: what can be measured without asking people, for files and for running services."""
