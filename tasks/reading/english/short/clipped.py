"""Words that advertisements clip: tkts, trkd, std, rtn. Small letters, without a full stop."""

EITHER_WAY = {
    **{"tkt": "ticket", "tkts": "tickets", "rtn": "return", "unltd": "unlimited"},
    **{"trkd": "tracked", "reg'd": "registered", "chkd": "checked", "clsd": "closed"},
    **{"stn": "station", "stns": "stations", "gtee": "guarantee", "gtd": "guaranteed"},
    **{"trtmnt": "treatment", "trtmnts": "treatments", "gnd": "ground", "lge": "large"},
    **{"bkg": "booking", "bkgs": "bookings", "dlvd": "delivered", "dlvry": "delivery"},
    **{"pymt": "payment", "pymts": "payments", "w'end": "weekend", "w'ends": "weekends"},
    **{"pkg": "package", "pkgs": "packages", "mthly": "monthly", "wkly": "weekly"},
    **{"yrly": "yearly", "incld": "included", "hndlg": "handling", "frt": "freight"},
    **{"wkdays": "weekdays", "wkday": "weekday", "wkends": "weekends", "svc": "service"},
    **{"svcs": "services", "lrg": "large", "tlr": "trailer", "flr": "floor", "blk": "block"},
    **{"regn": "registration", "slps": "sleeps", "smkrs": "smokers", "smkr": "smoker"},
    **{"ckg": "cooking", "h/lamp": "headlamp", "t/h": "townhouse", "b/dry": "blow-dry"},
    **{"del'd": "delivered", "inst'd": "installed", "vax'd": "vaccinated", "lvl": "level"},
    **{"lvls": "levels", "purch": "purchase", "resp": "response", "sibs": "siblings"},
    **{"regd": "registered", "insp": "inspection", "insd": "insured", "intl": "international"},
    **{"contrib": "contribution", "contribs": "contributions", "susp": "suspension"},
    **{
        "wty": "warranty",
        "appd": "approved",
        "g'tee": "guarantee",
        "avg": "average",
        "blt": "built",
    },
    **{"grp": "group", "grps": "groups", "txts": "texts", "mnt": "maintenance"},
    **{"mth": "month", "mths": "months", "wkts": "wickets"},
    **{"ckts": "cocktails", "rmvl": "removal", "rotn": "rotation", "mkr": "maker"},
    **{"clr": "clear", "mvmt": "movement", "mvmts": "movements"},
}
"""Clipped so short that they are nothing else, with a full stop or without one."""
WITH_STOP = {
    **{"veh": "vehicles", "vacc": "vaccination", "vaccs": "vaccinations", "dly": "daily"},
    **{"char": "characters", "chars": "characters"},
    **{"aff": "affiliated", "unaff": "unaffiliated", "shts": "sheets", "btls": "bottles"},
    **{"instr": "instructor", "dept": "department", "depts": "departments", "inj": "injection"},
    **{"comm": "commission", "resv": "reservation", "reservs": "reservations", "prog": "program"},
    **{"nbr": "number", "approx": "approximately", "lic'd": "licensed", "mkt": "market"},
}
"""Clipped words that only their full stop tells."""
