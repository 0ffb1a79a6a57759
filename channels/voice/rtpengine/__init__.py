"""The media engine of larger installations: rtpengine hosts, told what to do over NG."""
