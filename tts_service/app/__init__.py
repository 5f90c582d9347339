"""The WebUI and what belongs to it: `page` (Gradio), `panel` (its figures), `health`, `release`, `folders`."""
