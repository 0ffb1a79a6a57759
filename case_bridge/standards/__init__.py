"""A city's filing, handling and closing standard (立案处置结案标准) as versioned data."""
