"""The backtest of the model that `mobank run` uses: fitted anew at each origin, run ahead, scored."""
