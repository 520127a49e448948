// The IPSO Smart Objects that devices have (OMA LwM2M registry: the newest approved version of each), in the notations of objects.ts.
// Their resources mean the same in each object, so each is named once. What a later version took away stays: 3336/5514 to 5516.

export const IPSO_RESOURCES = `
5500 B Digital Input State
5501 I Digital Input Counter
5502 B Digital Input Polarity
5503 I Digital Input Debounce
5504 I Digital Input Edge Selection
5505 E Digital Input Counter Reset
5506 T Current Time
5507 F Fractional Time
5508 F Min X Value
5509 F Max X Value
5510 F Min Y Value
5511 F Max Y Value
5512 F Min Z Value
5513 F Max Z Value
5514 S Latitude
5515 S Longitude
5516 S Uncertainty
5517 O Velocity
5518 T Timestamp
5519 F Min Limit
5520 F Max Limit
5521 F Delay Duration
5522 O Clip
5523 E Trigger
5524 F Duration
5525 F Minimum Off-time
5526 I Timer Mode
5527 S Text
5528 I X Coordinate
5529 I Y Coordinate
5530 E Clear Display
5531 F Contrast
5532 B Increase Input State
5533 B Decrease Input State
5534 I Counter
5536 F Current Position
5537 F Transition Time
5538 F Remaining Time
5541 I Up Counter
5542 I Down Counter
5543 B Digital State
5544 F Cumulative Time
5545 I Max X Coordinate
5546 I Max Y Coordinate
5547 I Multi-state Input
5548 F Level
5550 B Digital Output State
5551 B Digital Output Polarity
5600 F Analog Input Current Value
5601 F Min Measured Value
5602 F Max Measured Value
5603 F Min Range Value
5604 F Max Range Value
5605 E Reset Min and Max Measured Values
5650 F Analog Output Current Value
5700 F Sensor Value
5701 S Sensor Units
5702 F X Value
5703 F Y Value
5704 F Z Value
5705 F Compass Direction
5706 S Colour
5750 S Application Type
5751 S Sensor Type
5800 F Instantaneous active power
5801 F Min Measured active power
5802 F Max Measured active power
5803 F Min Range active power
5804 F Max Range active power
5805 F Cumulative active power
5806 F Active Power Calibration
5810 F Instantaneous reactive power
5811 F Min Measured reactive power
5812 F Max Measured reactive power
5813 F Min Range reactive power
5814 F Max Range reactive power
5815 F Cumulative reactive power
5816 F Reactive Power Calibration
5820 F Power factor
5821 F Current Calibration
5822 E Reset Cumulative energy
5823 S Event Identifier
5824 T Start Time
5825 I Duration In Min
5826 I Criticality Level
5827 I Avg Load AdjPct
5828 I Duty Cycle
5850 B On/Off
5851 I Dimmer
5852 I On time
5853 S Multi-state Output
5854 I Off Time
5900 F Set Point Value
5903 I Busy to Clear delay
5904 I Clear to Busy delay
5910 I Bitmap Input
5911 E Bitmap Input Reset
5912 S Element Description
6042 I Measurement Quality Indicator
6049 I Measurement Quality Level
6050 F Fractional Timestamp
6051 F Numeric Latitude
6052 F Numeric Longitude
6053 F Numeric Uncertainty
`;

export const IPSO_OBJECTS = `
3200 1.1 Digital Input: 5500R! 5501R 5502RW 5503RW 5504RW 5505E 5518R 5750RW 5751R 6050R
3201 1.1 Digital Output: 5518R 5550RW! 5551RW 5750RW 6050R
3202 1.1 Analog Input: 5518R 5600R! 5601R 5602R 5603R 5604R 5605E 5750RW 5751R 6042R 6049R 6050R
3203 1.1 Analog Output: 5518R 5603R 5604R 5650RW! 5750RW 6050R
3300 1.1 Generic Sensor: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5751R 6042R 6049R 6050R
3301 1.1 Illuminance: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 6042R 6049R 6050R
3302 1.1 Presence: 5500R! 5501R 5505E 5518R 5750RW 5751R 5903RW 5904RW 6042R 6049R 6050R
3303 1.1 Temperature: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 6042R 6049R 6050R
3304 1.1 Humidity: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 6042R 6049R 6050R
3305 1.1 Power Measurement: 5518R 5605E 5750RW 5800R! 5801R 5802R 5803R 5804R 5805R 5806W 5810R 5811R 5812R 5813R 5814R 5815R 5816W 5820R 5821RW 5822E 6042R 6049R 6050R
3306 1.1 Actuation: 5518R 5750RW 5850RW! 5851RW 5852RW 5853RW 6050R
3308 1.1 Set Point: 5518R 5701R 5706RW 5750RW 5900RW! 6050R
3310 1.1 Load Control: 5518R 5750RW 5823RW! 5824RW! 5825RW! 5826RW 5827RW 5828RW 6050R
3311 1.0 Light Control: 5701R 5706RW 5750RW 5805R 5820R 5850RW! 5851RW 5852RW
3312 1.1 Power Control: 5518R 5750RW 5805R 5820R 5850RW! 5851RW 5852RW 6050R
3313 1.1 Accelerometer: 5518R 5603R 5604R 5701R 5702R! 5703R 5704R 5750RW 6042R 6049R 6050R
3314 1.1 Magnetometer: 5518R 5701R 5702R! 5703R 5704R 5705R 5750RW 6042R 6049R 6050R
3315 1.1 Barometer: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 6042R 6049R 6050R
3316 1.1 Voltage: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3317 1.1 Current: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3318 1.1 Frequency: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3319 1.1 Depth: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3320 1.1 Percentage: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3321 1.1 Altitude: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3322 1.1 Load: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3323 1.1 Pressure: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3324 1.1 Loudness: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3325 1.1 Concentration: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3326 1.1 Acidity: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3327 1.1 Conductivity: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3328 1.1 Power: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3329 1.1 Power Factor: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3330 1.1 Distance: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3331 1.1 Energy: 5518R 5700R! 5701R 5750RW 5822E 6042R 6049R 6050R
3332 1.1 Direction: 5518R 5601R 5602R 5605E 5705R! 5750RW 6042R 6049R 6050R
3333 1.1 Time: 5506RW! 5507RW 5750RW 6042R 6049R
3334 1.1 Gyrometer: 5508R 5509R 5510R 5511R 5512R 5513R 5518R 5603R 5604R 5605E 5701R 5702R! 5703R 5704R 5750RW 6042R 6049R 6050R
3335 1.1 Colour: 5518R 5701R 5706RW! 5750RW 6042R 6049R 6050R
3336 2.0 Location: 5514R 5515R 5516R 5517R 5518R 5705R 5750RW 6042R 6049R 6050R 6051R! 6052R! 6053R
3337 1.1 Positioner: 5518R 5519R 5520R 5536RW! 5537RW 5538R 5601R 5602R 5605E 5750RW 6050R
3338 1.1 Buzzer: 5518R 5521RW 5525RW! 5548RW 5750RW 5850RW! 6050R
3339 1.0 Audio Clip: 5522RW! 5523E 5524RW 5548RW 5750RW
3340 1.0 Timer: 5501R 5521RW! 5523E 5525RW 5526RW 5534RW 5538R 5543R 5544RW 5750RW 5850RW
3341 1.0 Addressable Text Display: 5527RW! 5528RW 5529RW 5530E 5531RW 5545R 5546R 5548RW 5750RW
3342 1.1 On/Off switch: 5500R! 5501R 5518R 5750RW 5852RW 5854RW 6050R
3343 1.0 Dimmer: 5548RW! 5750RW 5852RW 5854RW
3344 1.0 Up/Down Control: 5532R! 5533R! 5541RW 5542RW 5750RW
3345 1.0 Multiple Axis Joystick: 5500R 5501R 5702R 5703R 5704R 5750RW
3346 1.1 Rate: 5518R 5601R 5602R 5603R 5604R 5605E 5700R! 5701R 5750RW 5821RW 6042R 6049R 6050R
3347 1.1 Push button: 5500R! 5501R 5518R 5750RW 6050R
3348 1.1 Multi-state Selector: 5518R 5547R! 5750RW 6050R
3349 1.1 Bitmap: 5518R 5750RW 5910R! 5911E 5912RWm 6050R
3350 1.1 Stopwatch: 5501R 5518R 5544RW! 5750RW 5850RW 6042R 6049R 6050R
`;

/** Objects of the same registry whose resources are their own: the battery, and the two with which clients are tried. */
export const OTHER_OBJECTS = `
# 3411 1.1 m Battery
1 R! I Battery level
2 R F Battery capacity
3 R F Battery voltage
4 RW S Type of battery
5 RW I Low battery threshold
6 R B Battery level too low
7 RW B Battery shutdown
8 R I Number of cycles
9 R B Supply loss
10 R I Supply loss counter
11 E E Supply loss counter reset
12 R S Supply loss reason
5518 R T Timestamp
6042 R I Measurement Quality Indicator
6049 R I Measurement Quality Level
6050 R F Fractional Timestamp
# 3441 1.0 m LwM2M v1.0 Test Object
0 E E Reset values
1 E E Randomize values
2 E E Clear values
3 E E Exec With Arguments
4 Rm S Arguments List
110 RW S String Value
120 RW I Integer Value
130 RW F Float Value
140 RW B Boolean Value
150 RW O Opaque Value
160 RW T Time Value
170 RW L ObjLink Value
1110 RWm S Multiple String Value
1120 RWm I Multiple Integer Value
1130 RWm F Multiple Float Value
1140 RWm B Multiple Boolean Value
1150 RWm O Multiple Opaque Value
1160 RWm T Multiple Time Value
1170 RWm L Multiple ObjLink Value
# 3442 1.0 m LwM2M v1.1 Test Object
0 E E Reset values
1 E E Randomize values
2 E E Clear values
3 E E Exec With Arguments
4 Rm S Arguments List
5 E E Send Data
6 RWm S Resources to Send
110 RW S String Value
120 RW I Integer Value
125 RW U Unsigned Integer Value
130 RW F Float Value
140 RW B Boolean Value
150 RW O Opaque Value
160 RW T Time Value
170 RW L ObjLink Value
180 RW S CoreLnk Value
1110 RWm S Multiple String Value
1120 RWm I Multiple Integer Value
1125 RWm U Multiple Unsigned Integer Value
1130 RWm F Multiple Float Value
1140 RWm B Multiple Boolean Value
1150 RWm O Multiple Opaque Value
1160 RWm T Multiple Time Value
1170 RWm L Multiple ObjLink Value
1180 RWm S Multiple CoreLnk Value
`;
