"""Executions (执行, 迭代): what a task lies in."""

from __future__ import annotations

from zentao_client.core import Core
from zentao_client.errors import BadReply, Forbidden, NotFound, Rejected
from zentao_client.parse import integer, rows


class Executions:
    """`zentao.executions`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def products(self, execution_id: int) -> tuple[int, ...]:
        """The ids of the products (产品) that the execution belongs to; bugs are reported on one of them."""
        try:
            raw = self._core.session.v1("GET", f"/executions/{execution_id}")
        except Rejected as error:
            # 18.x says just "error", whether it does not exist or is not ours to see.
            if error.messages == ("error",):
                raise Forbidden(f"execution {execution_id} does not exist or is not visible") from error
            raise
        if not isinstance(raw, dict) or "id" not in raw:
            raise NotFound(f"execution {execution_id}")
        if "products" not in raw:
            raise BadReply("an execution without its products", str(raw)[:200].encode())
        return tuple(integer(product.get("id")) for product in rows(raw["products"]))
