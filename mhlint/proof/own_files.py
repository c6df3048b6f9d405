"""Which source files are the program's own: neither Python's, nor an installed package's, nor mhlint's."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile


class OwnFiles:
    """Looks at the modules that were loaded since it last looked."""

    def __init__(self, scratch: str) -> None:
        paths = sysconfig.get_paths()
        foreign = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        foreign.add(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        # What watches spawned processes lies in the run's own folder.
        foreign.add(scratch)
        generated = os.environ.get("TORCHINDUCTOR_CACHE_DIR", os.path.join(tempfile.gettempdir(), "torchinductor_"))
        names = {name + os.sep for one in foreign for name in (one, os.path.realpath(one))}
        # torch.compile writes modules while the program runs; the user's name ends its folder's.
        self.foreign = (*names, generated, os.path.realpath(generated))
        self.seen: set[str] = set()

    def take(self) -> list[str]:
        """The real paths of the program's files that were loaded since the last call."""
        files = []
        for module in list(sys.modules.values()):
            file = getattr(module, "__dict__", {}).get("__file__")
            if not isinstance(file, str) or file in self.seen:
                continue
            self.seen.add(file)
            if file.endswith(".py") and not self._is_foreign(file):
                files.append(os.path.realpath(file))
        return sorted(set(files))

    def _is_foreign(self, file: str) -> bool:
        path = os.path.abspath(file)
        if path.startswith(self.foreign) or os.path.realpath(path).startswith(self.foreign):
            return True
        return not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep))
