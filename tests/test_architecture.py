"""The house: what may import what. The layers are contracts of the import linter, which `make lint` checks."""

from graphlib import TopologicalSorter

import grimp


def test_no_module_imports_itself_through_others_types_included() -> None:
    graph = grimp.build_graph("invoicebatch", exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 300
    TopologicalSorter(imports).prepare()  # names the circle it finds
