"""What a schema cannot say of a text: values in forms of Leadline's own."""

import schemathesis
from hypothesis import strategies as st

# A cursor is what a page before gave; an empty one begins.
schemathesis.openapi.format("cursor", st.just(""))
