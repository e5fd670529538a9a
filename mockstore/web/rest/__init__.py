"""The routes of the Petstore API (contract 2), one module for each kind of resource. The shop does the work."""
