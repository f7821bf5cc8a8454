"""Build the API pages into a folder: python .ci/docs.py FOLDER."""

import sys
import warnings
from pathlib import Path
from pkgutil import walk_packages

import pdoc

import gradviz

# pdoc shows what a package has; these three are imported when they are first asked for.
names = [name for name in gradviz.__all__ if getattr(gradviz, name)]
modules = [found.name for found in walk_packages(gradviz.__path__, "gradviz.") if not found.name.endswith("__main__")]
folder = Path(sys.argv[1])
# A package without __all__ brings its modules along, one with it does not: naming all of them covers both.
warnings.filterwarnings("ignore", "The module specification")
pdoc.pdoc("gradviz", *modules, output_directory=folder)
front = (folder / "gradviz.html").read_text(encoding="utf-8")
missing = [name for name in names if f'id="{name}"' not in front]
sys.exit(f"The front page of the API pages lacks {', '.join(missing)}." if missing else 0)
