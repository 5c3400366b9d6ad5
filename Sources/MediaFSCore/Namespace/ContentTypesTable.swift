extension ContentTypes {
  /// What media repositories hold, for machines without /etc/mime.types. The registered type where
  /// there is one (https://www.iana.org/assignments/media-types), else what browsers expect.
  static let builtIn = """
    application/dicom dcm
    application/epub+zip epub
    application/geo+json geojson
    application/gzip gz tgz
    application/java-archive jar
    application/json json map
    application/ld+json jsonld
    application/manifest+json webmanifest
    application/msword doc dot
    application/n-quads nq
    application/n-triples nt
    application/octet-stream bin
    application/pdf pdf
    application/pgp-encrypted pgp gpg
    application/pgp-keys asc
    application/pgp-signature sig
    application/pkcs7-mime p7m
    application/postscript ai eps ps
    application/rdf+xml rdf
    application/rtf rtf
    application/sql sql
    application/toml toml
    application/vnd.android.package-archive apk
    application/vnd.apple.keynote key
    application/vnd.apple.mpegurl m3u8
    application/vnd.apple.numbers numbers
    application/vnd.apple.pages pages
    application/vnd.debian.binary-package deb
    application/vnd.garmin.tcx+xml tcx
    application/vnd.google-earth.kml+xml kml
    application/vnd.google-earth.kmz kmz
    application/vnd.mapbox-vector-tile mvt pbf
    application/vnd.ms-excel xls xlt
    application/vnd.ms-fontobject eot
    application/vnd.ms-outlook msg
    application/vnd.ms-powerpoint ppt pps
    application/vnd.oasis.opendocument.graphics odg
    application/vnd.oasis.opendocument.presentation odp
    application/vnd.oasis.opendocument.spreadsheet ods
    application/vnd.oasis.opendocument.text odt
    application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
    application/vnd.openxmlformats-officedocument.presentationml.slideshow ppsx
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
    application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
    application/vnd.openxmlformats-officedocument.wordprocessingml.template dotx
    application/vnd.rar rar
    application/vnd.rn-realmedia rm
    application/vnd.shp shp
    application/vnd.sqlite3 sqlite sqlite3 db
    application/vnd.visio vsd
    application/wasm wasm
    application/x-7z-compressed 7z
    application/x-bittorrent torrent
    application/x-bzip2 bz2
    application/x-cbz cbz
    application/x-iso9660-image iso
    application/x-mobipocket-ebook mobi
    application/x-ndjson ndjson jsonl
    application/x-rpm rpm
    application/x-sh sh
    application/x-tar tar
    application/x-tex tex
    application/x-xz xz
    application/xhtml+xml xhtml
    application/xml xml xsl xsd
    application/yaml yaml yml
    application/zip zip
    application/zstd zst
    audio/aac aac
    audio/ac3 ac3
    audio/aiff aif aiff
    audio/amr amr
    audio/basic au snd
    audio/flac flac
    audio/matroska mka
    audio/midi mid midi
    audio/mp4 m4a m4b
    audio/mpeg mp3 mp2 mpga
    audio/ogg oga ogg opus spx
    audio/wav wav
    audio/webm weba
    audio/x-caf caf
    audio/x-mpegurl m3u
    audio/x-ms-wma wma
    font/otf otf
    font/ttf ttf
    font/woff woff
    font/woff2 woff2
    image/apng apng
    image/avif avif
    image/bmp bmp
    image/gif gif
    image/heic heic
    image/heif heif
    image/jp2 jp2 jpg2
    image/jpeg jpg jpeg jpe jfif
    image/jxl jxl
    image/png png
    image/svg+xml svg svgz
    image/tiff tif tiff
    image/vnd.adobe.photoshop psd
    image/vnd.djvu djvu djv
    image/vnd.dwg dwg
    image/vnd.dxf dxf
    image/vnd.microsoft.icon ico
    image/webp webp
    image/x-adobe-dng dng
    image/x-canon-cr2 cr2
    image/x-canon-cr3 cr3
    image/x-nikon-nef nef
    image/x-olympus-orf orf
    image/x-panasonic-rw2 rw2
    image/x-portable-bitmap pbm
    image/x-portable-graymap pgm
    image/x-portable-pixmap ppm
    image/x-sony-arw arw
    image/x-xcf xcf
    message/rfc822 eml
    model/gltf+json gltf
    model/gltf-binary glb
    model/obj obj
    model/stl stl
    text/calendar ics
    text/css css
    text/csv csv
    text/html html htm
    text/javascript js mjs
    text/markdown md markdown
    text/plain txt text log conf ini
    text/tab-separated-values tsv
    text/turtle ttl
    text/vcard vcf
    text/vtt vtt
    text/x-python py
    text/x-rst rst
    application/x-subrip srt
    video/3gpp 3gp
    video/3gpp2 3g2
    video/matroska mkv
    video/mp2t ts m2ts mts
    video/mp4 mp4 m4v
    video/mpeg mpeg mpg mpe
    video/ogg ogv
    video/quicktime mov qt
    video/webm webm
    video/x-flv flv
    video/x-ms-asf asf
    video/x-ms-wmv wmv
    video/x-msvideo avi
    """
}
