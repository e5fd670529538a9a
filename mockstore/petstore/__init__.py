"""The shop behind the Petstore API: its rules and documents. Time and ids are passed in; there is no HTTP here."""
