"""The judge: a small phone recogniser that tells whether speech holds the phones and tones it should."""
