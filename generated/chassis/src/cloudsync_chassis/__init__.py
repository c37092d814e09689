"""What all generated services share: thin layers over well-kept libraries.

Import from the modules, not from here: a client must not load a database driver.
"""

from __future__ import annotations

__version__ = "0.1.0"
