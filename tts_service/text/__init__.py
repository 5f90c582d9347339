"""The front end: written Chinese (with English inside) → units that the voice can say.

The way through: `clean` (what is no text goes) → `markup` (``<行|XING2>``) → `normalise` (numbers, dates, money … as
they are spoken) → `split` (sentences) → `words` (segmentation) → `pinyin` + `sandhi`, `english` → `prosody`
(where the voice breathes) → units. `FrontEnd` in `frontend` is the door; nothing heavy is imported before it is used.
"""
