"""The DVIS-Bench site: pages, REST API, and the rows that workers act on."""
