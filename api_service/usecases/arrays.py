"""Lists as parameters of statements, which are compiled once: none can have a parameter for each value."""

from typing import Any

from sqlalchemy import ARRAY, BindParameter, TableValuedAlias, bindparam, column, func
from sqlalchemy.types import TypeEngine


def array_of(parameter: str, type_: type[TypeEngine[Any]]) -> BindParameter[Any]:
    """Return a parameter that takes a list of values of a type."""
    return bindparam(parameter, type_=ARRAY(type_))


def rows_of(name: str, **arrays: tuple[str, type[TypeEngine[Any]]]) -> TableValuedAlias:
    """Return the rows ``name`` whose columns are equally long lists: of each column its parameter and its type."""
    lists = (array_of(*array) for array in arrays.values())
    columns = (column(key, type_) for key, (_, type_) in arrays.items())
    return func.unnest(*lists).table_valued(*columns, name=name).render_derived()
