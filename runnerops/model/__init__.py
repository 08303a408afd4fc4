"""The nouns: what is asked for, what is there, what will be done, what became of it.

Pure and frozen. A module that needs a fact about a host or a plan finds it here, under the field's own name.
"""

from typing import TYPE_CHECKING

from runnerops.late import late_in_order

if TYPE_CHECKING:
    from runnerops.model.asked import *
    from runnerops.model.ended import *
    from runnerops.model.planned import *
    from runnerops.model.there import *
    from runnerops.model.words import *
else:
    __getattr__ = late_in_order(__name__, ("words", "asked", "there", "planned", "ended"))
