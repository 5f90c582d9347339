"""音色匹配（近似）: the bundled voice that comes nearest to a reference recording, bent towards it; never cloning."""
