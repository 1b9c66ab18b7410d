<€Ê®Ø‹är–: û",‡·pbÎ»±X¼F9EgmtK–'Á^õ«jt•<8îpwaystation.example/log/1
58
+yIsh7dwYs67sVi8RjlFZ210S5YnwV71q2p0lTw4Fe4=

â€” waystation.example/log/1 AAAAAAAA
