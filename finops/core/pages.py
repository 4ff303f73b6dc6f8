"""Lists of the API, page by page."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request


def paged(request: Request, results: Any, *, page: int, page_size: int, count: int) -> dict[str, Any]:
    """One page of `count` results, with the addresses of its neighbours; raises NotFound beyond the last one."""
    pages = max(1, -(-count // page_size))
    if page > pages:
        raise NotFound(f"There is no page {page}; the last one is {pages}.")

    def address(number: int) -> str | None:
        if not 1 <= number <= pages:
            return None
        query = request.query_params.copy()
        query["page"] = str(number)
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    return {
        "count": count,
        "page": page,
        "pages": pages,
        "page_size": page_size,
        "next": address(page + 1),
        "previous": address(page - 1),
        "results": results,
    }
