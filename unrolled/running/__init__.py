"""A class through the judge: on this machine's cores, or on a Dask cluster."""
