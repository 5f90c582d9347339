"""A ZenTao (禅道) client: one interface for 18.8 and 22.4, strict about what the server really did.

from zentao_client import Zentao
zentao = Zentao("http://zentao.example", account="deploybot", password="…")
task = zentao.tasks.get(42)
"""
