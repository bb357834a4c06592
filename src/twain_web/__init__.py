"""The house of the two teams: Twain's web application. The flow (``twain``) never imports it."""
