//! Columns of cells into a Parquet file, a bounded number of rows at a time.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use crate::partial::PartialFile;

/// Rows per group: what one thread of a reader takes at a time. A column of a group is all that is
/// kept in memory, encoded and compressed.
const GROUP: usize = 1 << 18;
/// Cells that are collected before they are encoded.
const BATCH: usize = 4096;

/// A table that is to be a file.
pub(crate) struct Table<'a> {
    name: &'static str,
    rows: usize,
    columns: Vec<Column<'a>>,
}

/// A column with its cells from the first row to the last.
pub(crate) struct Column<'a> {
    name: &'static str,
    coding: Coding,
    cells: Cells<'a>,
}

/// How cells are written before they are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Values that come again and again.
    Dictionary,
    /// Numbers near the one before.
    Delta,
    /// Anything else.
    Plain,
}

enum Cells<'a> {
    Int32(Box<dyn Iterator<Item = i32> + 'a>),
    Int64(Box<dyn Iterator<Item = i64> + 'a>),
    Int64OrNull(Box<dyn Iterator<Item = Option<i64>> + 'a>),
    Text(Box<dyn Iterator<Item = &'a str> + 'a>),
    TextOrNull(Box<dyn Iterator<Item = Option<&'a str>> + 'a>),
}

impl<'a> Table<'a> {
    /// All columns must have a cell for each of the `rows`.
    pub(crate) const fn new(name: &'static str, rows: usize, columns: Vec<Column<'a>>) -> Self {
        Self {
            name,
            rows,
            columns,
        }
    }

    pub(crate) fn file_name(&self) -> String {
        format!("{}.parquet", self.name)
    }

    /// Writes the file, which has still to get its name.
    pub(crate) fn write(mut self, folder: &Path) -> Result<PartialFile> {
        let path = folder.join(self.file_name());
        let file = PartialFile::create(path.clone())?;
        self.write_to(file)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn write_to(&mut self, file: PartialFile) -> Result<PartialFile, ParquetError> {
        let schema = Arc::new(parse_message_type(&self.schema())?);
        let mut writer = SerializedFileWriter::new(file, schema, Arc::new(self.properties()))?;
        let mut left = self.rows;
        while left > 0 {
            let rows = left.min(GROUP);
            let mut group = writer.next_row_group()?;
            for column in &mut self.columns {
                if let Some(mut sink) = group.next_column()? {
                    column.write(rows, &mut sink)?;
                    sink.close()?;
                }
            }
            group.close()?;
            left -= rows;
        }
        writer.into_inner()
    }

    fn schema(&self) -> String {
        let fields: Vec<String> = self.columns.iter().map(Column::schema).collect();
        format!("message {} {{ {} }}", self.name, fields.join(" "))
    }

    fn properties(&self) -> WriterProperties {
        let start =
            WriterProperties::builder().set_compression(Compression::ZSTD(Default::default()));
        let all = self.columns.iter().fold(start, |properties, column| {
            let path = ColumnPath::from(column.name);
            match column.coding {
                Coding::Dictionary => properties,
                Coding::Delta => properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
                Coding::Plain => properties.set_column_dictionary_enabled(path, false),
            }
        });
        all.build()
    }
}

impl<'a> Column<'a> {
    pub(crate) fn int32(
        name: &'static str,
        coding: Coding,
        cells: impl Iterator<Item = i32> + 'a,
    ) -> Self {
        Self::new(name, coding, Cells::Int32(Box::new(cells)))
    }

    pub(crate) fn int64(
        name: &'static str,
        coding: Coding,
        cells: impl Iterator<Item = i64> + 'a,
    ) -> Self {
        Self::new(name, coding, Cells::Int64(Box::new(cells)))
    }

    pub(crate) fn int64_or_null(
        name: &'static str,
        coding: Coding,
        cells: impl Iterator<Item = Option<i64>> + 'a,
    ) -> Self {
        Self::new(name, coding, Cells::Int64OrNull(Box::new(cells)))
    }

    pub(crate) fn text(
        name: &'static str,
        coding: Coding,
        cells: impl Iterator<Item = &'a str> + 'a,
    ) -> Self {
        Self::new(name, coding, Cells::Text(Box::new(cells)))
    }

    pub(crate) fn text_or_null(
        name: &'static str,
        coding: Coding,
        cells: impl Iterator<Item = Option<&'a str>> + 'a,
    ) -> Self {
        Self::new(name, coding, Cells::TextOrNull(Box::new(cells)))
    }

    const fn new(name: &'static str, coding: Coding, cells: Cells<'a>) -> Self {
        Self {
            name,
            coding,
            cells,
        }
    }

    fn schema(&self) -> String {
        let name = self.name;
        match &self.cells {
            Cells::Int32(_) => format!("REQUIRED INT32 {name};"),
            Cells::Int64(_) => format!("REQUIRED INT64 {name};"),
            Cells::Int64OrNull(_) => format!("OPTIONAL INT64 {name};"),
            Cells::Text(_) => format!("REQUIRED BYTE_ARRAY {name} (STRING);"),
            Cells::TextOrNull(_) => format!("OPTIONAL BYTE_ARRAY {name} (STRING);"),
        }
    }

    /// Writes the cells of the next `rows` rows.
    fn write(
        &mut self,
        rows: usize,
        sink: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        for start in (0..rows).step_by(BATCH) {
            let count = BATCH.min(rows - start);
            match &mut self.cells {
                Cells::Int32(cells) => required::<Int32Type>(sink, cells.take(count)),
                Cells::Int64(cells) => required::<Int64Type>(sink, cells.take(count)),
                Cells::Int64OrNull(cells) => optional::<Int64Type>(sink, cells.take(count)),
                Cells::Text(cells) => {
                    required::<ByteArrayType>(sink, cells.take(count).map(ByteArray::from))
                }
                Cells::TextOrNull(cells) => {
                    let cells = cells.take(count).map(|cell| cell.map(ByteArray::from));
                    optional::<ByteArrayType>(sink, cells)
                }
            }?;
        }
        Ok(())
    }
}

fn required<D: DataType>(
    sink: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = D::T>,
) -> Result<(), ParquetError> {
    let values: Vec<D::T> = cells.collect();
    sink.typed::<D>().write_batch(&values, None, None).map(drop)
}

fn optional<D: DataType>(
    sink: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<D::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<D::T>> = cells.collect();
    // The definition level: whether there is a value.
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<D::T> = cells.into_iter().flatten().collect();
    sink.typed::<D>()
        .write_batch(&values, Some(&levels), None)
        .map(drop)
}
