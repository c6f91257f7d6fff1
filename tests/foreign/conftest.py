"""The bundles and the verifiers, made once for each process of a run."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.foreign.bundles import make_all
from tests.foreign.verifiers import GoVerifier, Made, NodeVerifier, build_go, install_node


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Made]:
    """A bundle of each kind."""
    return dict(make_all(tmp_path_factory.mktemp("bundles")))


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> GoVerifier:
    """The verifier with golang.org/x/mod/sumdb, compiled once for all processes."""
    base: Path = tmp_path_factory.getbasetemp()
    return build_go(base if worker_id == "master" else base.parent)


@pytest.fixture(scope="session")
def node() -> NodeVerifier:
    """The verifier with @sigstore/verify."""
    return install_node()
