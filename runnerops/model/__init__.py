"""The nouns: what is asked for, what is there, what will be done, what became of it.

Pure and frozen. A module that needs a fact about a host or a plan finds it here, under the field's own name.
"""

from typing import TYPE_CHECKING

from runnerops.late import late_in_order

if TYPE_CHECKING:
    from runnerops.model.common import *
    from runnerops.model.host_state import *
    from runnerops.model.inventory import *
    from runnerops.model.plan import *
    from runnerops.model.run import *
else:
    __getattr__ = late_in_order(__name__, ("common", "inventory", "host_state", "plan", "run"))
