"""What we write into ZenTao: the texts (pure) and putting each of them there exactly once."""
