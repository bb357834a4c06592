"""The house for programs: the same things under the same rules, as JSON, with scoped tokens.

``/api/openapi.json`` tells every operation.
"""
